"""Meshes, garments, borders and the camera, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.synthetic.bodies import Body
from training.synthetic.camera import Camera
from training.synthetic.garments import read_garment
from training.synthetic.mesh import components, normals, read_obj, triangle_to_vertex
from training.synthetic.regions import along_chain

OBJ = """# a square, and a triangle of its own
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 5 0 0
v 6 0 0
v 5 1 0
vt 0.5 0.25
g body
f 1/1 2/1 3/1 4/1
g other
f 5 6 7
"""

MHCLO = """name shirt
obj_file shirt.obj
x_scale 0 1 2.0
y_scale 0 2 4.0
z_scale 0 3 1.0
verts 0
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
3
delete_verts
2 - 4 7
"""


class TestObj:
    @pytest.fixture
    def mesh(self, tmp_path):
        (tmp_path / "x.obj").write_text(OBJ)
        return read_obj(tmp_path / "x.obj")

    def test_a_square_becomes_two_triangles(self, mesh):
        assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6]]
        assert mesh.groups == ["body", "body", "other"]
        assert mesh.uvs.tolist() == [[0.5, 0.25]]

    def test_pieces_are_numbered_in_the_order_of_their_first_vertices(self, mesh):
        assert components(7, mesh.triangles).tolist() == [0, 0, 0, 0, 1, 1, 1]

    def test_normals_point_out_of_anticlockwise_triangles(self, mesh):
        found = normals(mesh.vertices, mesh.triangles, triangle_to_vertex(7, mesh.triangles))
        assert found == pytest.approx(np.tile([0, 0, 1], (7, 1)))

    def test_a_line_that_cannot_be_read_is_named(self, tmp_path):
        (tmp_path / "x.obj").write_text("v 0 0 zero\n")
        with pytest.raises(ValueError, match=r"x\.obj, line 1"):
            read_obj(tmp_path / "x.obj")


class TestGarment:
    @pytest.fixture
    def garment(self, tmp_path):
        (tmp_path / "shirt.obj").write_text("v 0 0 0\nv 0 0 0\nf 1 2 1\n")
        (tmp_path / "shirt.mhclo").write_text(MHCLO)
        return read_garment(tmp_path / "shirt.mhclo")

    def test_it_lies_on_three_vertices_plus_an_offset_that_grows_with_the_body(self, garment):
        """The body is 4 wide where the file says 2, so the offset doubles in x; 4 of 4 in y; 3 of 1 in z."""
        vertices = np.zeros((19158, 3), np.float32)
        vertices[:4] = [[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 3]]
        fitted = garment.fit(Body(vertices, np.zeros((1, 3), np.float32), 0.5, 0.7))
        assert fitted[0] == pytest.approx([1 + 0.2, 1 + 0.2, 0 + 0.9])

    def test_one_number_binds_to_one_vertex(self, garment):
        vertices = np.zeros((19158, 3), np.float32)
        vertices[:4] = [[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 3]]
        fitted = garment.fit(Body(vertices, np.zeros((1, 3), np.float32), 0.5, 0.7))
        assert fitted[1] == pytest.approx([0, 0, 3])

    def test_hidden_vertices_come_as_ranges(self, garment):
        assert garment.hidden.tolist() == [2, 3, 4, 7]

    def test_a_file_that_does_not_match_its_mesh_is_refused(self, garment, tmp_path):
        (tmp_path / "shirt.obj").write_text("v 0 0 0\nf 1 1 1\n")
        with pytest.raises(ValueError, match=r"binds 2 vertices, shirt\.obj has 1"):
            read_garment(tmp_path / "shirt.mhclo")


def test_how_far_along_an_arm_a_point_lies():
    arm = np.array([[0, 0, 0], [2, 0, 0], [2, 4, 0]], np.float32)
    points = np.array([[-1, 0, 0], [1, 0.5, 0], [2.5, 2, 0], [2, 5, 0]], np.float32)
    assert along_chain(points, arm) == pytest.approx([-0.5, 0.5, 1.5, 2.25])


class TestCamera:
    def looking_along_minus_z(self, **changes):
        given = {"eye": np.array([0.0, 1, 4]), "target": np.array([0.0, 1, 0]), "roll": 0.0, "focal": 2.0}
        return Camera(200, 100, **(given | changes))

    def test_by_hand(self):
        """At 4 m, with a focal length of two heights (200 px), a metre is 50 px. Pixel centres are whole numbers."""
        pixels, distance = self.looking_along_minus_z().project(np.array([[0, 1, 0], [1, 1.5, 0]]))
        assert pixels == pytest.approx(np.array([[99.5, 49.5], [149.5, 24.5]]))
        assert distance[0] == pytest.approx(4)

    def test_what_is_behind_has_a_negative_distance(self):
        assert self.looking_along_minus_z().project(np.array([[0.0, 1, 9]]))[1][0] < 0

    def test_a_shift_moves_the_picture_in_heights(self):
        pixels, _ = self.looking_along_minus_z(shift=(0.1, 0.2)).project(np.array([[0.0, 1, 0]]))
        assert pixels[0] == pytest.approx([99.5 + 10, 49.5 - 20])

    @given(st.floats(-3, 3), st.floats(-1, 1), st.floats(-1, 1))
    def test_roll_turns_the_picture_about_its_middle(self, roll, x, y):
        point = np.array([[x, 1 + y, 0]])
        upright, _ = self.looking_along_minus_z().project(point)
        rolled, _ = self.looking_along_minus_z(roll=roll).project(point)
        middle = np.array([99.5, 49.5])
        assert np.linalg.norm(upright - middle) == pytest.approx(np.linalg.norm(rolled - middle), abs=1e-6)
