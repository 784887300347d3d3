from training.labels.lip import LIP

LABELS, JOINTS = LIP.labels, LIP.joints
LABEL_FLIP_PAIRS, JOINT_FLIP_PAIRS = LIP.label_flip_pairs, LIP.joint_flip_pairs


def test_there_are_20_labels_whose_ids_are_their_places():
    assert [label.id for label in LABELS] == list(range(20))
    assert LABELS[0].name == "background"
    assert len({label.name for label in LABELS}) == len({label.color for label in LABELS}) == 20


def test_mirror_pairs_swap_left_and_right_of_the_same_part():
    for names, pairs in (([label.name for label in LABELS], LABEL_FLIP_PAIRS), (JOINTS, JOINT_FLIP_PAIRS)):
        for a, b in pairs:
            assert {names[a].split("-")[0], names[b].split("-")[0]} == {"left", "right"}
            assert names[a].split("-")[1] == names[b].split("-")[1]
        sided = [name for name in names if name.startswith(("left-", "right-"))]
        assert len(sided) == 2 * len(pairs)


def test_mirroring_twice_changes_nothing():
    once = LIP.mirrored_joints
    assert [once[i] for i in once] == list(range(16))
    assert once[0] == 5


def test_every_label_belongs_to_one_merged_part():
    members = [name for names in LIP.merged.values() for name in names]
    assert sorted(members) == sorted(label.name for label in LABELS)


def test_the_skeleton_joins_every_joint_into_one_tree():
    reached = {6}
    while grown := {b for edge in LIP.skeleton for b in edge if reached & set(edge)} - reached:
        reached |= grown
    assert reached == set(range(16))
    assert len(LIP.skeleton) == 15
