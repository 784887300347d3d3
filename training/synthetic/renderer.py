"""Headless OpenGL: one scene in, colour and id pictures out.

moderngl opens a context over EGL, on a graphics card where there is one and with Mesa's software rasteriser where
there is none. Colour is drawn with four samples a pixel; label ids, person ids and distances with one, so that no
pixel holds a mixture.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import moderngl
import numpy as np

from training.data.sample import UInt8Array
from training.synthetic.camera import Camera, Light
from training.synthetic.materials import Material
from training.synthetic.mesh import Floats, Ints

SHADERS = Path(__file__).parent / "shaders"
SHADOW_SIZE = 1024
SAMPLES = 4
VERTEX_LAYOUT = {
    "in_position": 3, "in_normal": 3, "in_rest": 3, "in_uv": 2, "in_cover": 1, "in_label": 1, "in_tint": 1,
}  # fmt: skip
NO_PERSON = 0
"""Person id of whatever is no person."""

Pass = Literal["color", "ids", "shadow"]


@dataclass(frozen=True, slots=True)
class Surface:
    """Something to draw: V vertices in the world and at rest (where patterns are laid out), in metres.

    ``cover`` (V,): a fragment is there where it is ≥ 0, so a garment ends where it changes sign. ``labels`` (V,):
    label ids by vertex, or one id for all. ``tint`` (V,): towards the material's second colour where positive, its
    third where negative.
    """

    vertices: Floats
    normals: Floats
    rest: Floats
    triangles: Ints
    material: Material
    labels: Floats | int
    person: int = NO_PERSON
    uvs: Floats | None = None
    cover: Floats | None = None
    tint: Floats | None = None
    casts_shadow: bool = True

    def packed(self) -> bytes:
        """Vertices as ``VERTEX_LAYOUT``."""
        count = len(self.vertices)
        nothing = np.zeros((count, 2), np.float32)
        columns = (
            self.vertices,
            self.normals,
            self.rest,
            nothing if self.uvs is None else self.uvs,
            np.ones(count) if self.cover is None else self.cover,
            np.broadcast_to(np.asarray(self.labels), count),
            nothing[:, 0] if self.tint is None else self.tint,
        )
        return np.column_stack(columns).astype(np.float32).tobytes()


@dataclass(frozen=True, slots=True)
class RenderOutput:
    """What a camera saw, (H, W) each: ``color`` float32 RGB in linear light (H, W, 3); ``labels`` and ``people`` uint8;
    ``distance`` float32 metres from the eye, infinite where nothing was drawn; ``drawn`` float32 0–1, how much of the
    pixel is covered (``color`` is already multiplied by it)."""

    color: Floats
    labels: UInt8Array
    people: UInt8Array
    distance: Floats
    drawn: Floats


class Renderer:
    """Owns the OpenGL context. One a process. Raises RuntimeError with what to install where EGL is missing."""

    def __init__(self) -> None:
        try:
            self.context = moderngl.create_context(require=330, standalone=True, backend="egl")  # type: ignore[arg-type]
        except Exception as error:
            raise RuntimeError(f"no headless OpenGL ({error}): apt-get install libegl1 libgl1-mesa-dri") from error
        self.context.blend_func = (  # type: ignore[assignment]
            moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA,
        )  # fmt: skip
        self.shadow_map = self.context.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self.shadow_map.compare_func = "<="
        self.shadow_map.repeat_x = self.shadow_map.repeat_y = False
        self.shadow_target = self.context.framebuffer(depth_attachment=self.shadow_map)
        self._sources = {path.name: path.read_text() for path in SHADERS.iterdir()}
        self._programs: dict[tuple[Pass, str], moderngl.Program] = {}
        self._targets: dict[tuple[int, int], _Targets] = {}

    @property
    def device(self) -> str:
        """Who draws, in OpenGL's words."""
        return str(self.context.info["GL_RENDERER"])

    def render(self, surfaces: list[Surface], camera: Camera, light: Light) -> RenderOutput:
        """Draw a scene: the sun's shadow map, then colour, then ids. ``surfaces`` from the inside out: they are drawn
        from the outside in, so that what is covered is not shaded."""
        targets = self._targets_of(camera.width, camera.height)
        buffers = [
            (s, self.context.buffer(s.packed()), self.context.buffer(s.triangles.tobytes())) for s in reversed(surfaces)
        ]
        self.shadow_map.use(0)
        shadow, view = light.shadow_projection(camera), camera.matrix()
        scene = {"shadow_projection": shadow, "eye": camera.eye, "shadow_softness": light.shadow_softness()}
        scene |= light.uniforms()

        self.shadow_target.use()
        self.shadow_target.clear(depth=1.0)
        self.context.enable_only(moderngl.DEPTH_TEST)
        self._draw("shadow", [b for b in buffers if b[0].casts_shadow], {"view_projection": shadow})
        targets.color.use()
        targets.color.clear(0, 0, 0, 0, depth=1.0)
        self.context.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        self._draw("color", buffers, scene | {"view_projection": view})
        self.context.copy_framebuffer(targets.resolved, targets.color)
        targets.ids.use()
        targets.ids.clear(0, 0, 0, 0, depth=1.0)
        self.context.enable_only(moderngl.DEPTH_TEST)
        solid = [b for b in buffers if b[0].material.kind != Material.SHADOW_ONLY]
        self._draw("ids", solid, {"view_projection": view, "eye": camera.eye})
        for _, vertices, indices in buffers:
            vertices.release()
            indices.release()
        return targets.read()

    def _draw(
        self, name: Pass, buffers: list[tuple[Surface, moderngl.Buffer, moderngl.Buffer]], scene: dict[str, object]
    ) -> None:
        for surface, vertices, indices in buffers:
            program = self._program(name, surface.material)
            fixed = surface.labels if isinstance(surface.labels, int) else -1
            own = {"person": surface.person, "fixed_label": fixed, "shadow_map": 0}
            _set(program, scene | surface.material.uniforms() | own)
            layout = " ".join(f"{n}f" if key in program else f"{4 * n}x" for key, n in VERTEX_LAYOUT.items())
            keys = [key for key in VERTEX_LAYOUT if key in program]
            array = self.context.vertex_array(program, [(vertices, layout, *keys)], indices)
            array.render()
            array.release()

    def _program(self, name: Pass, material: Material) -> moderngl.Program:
        defines = material.defines(everything=name == "color")
        if (name, defines) not in self._programs:
            parts = ("#version 330 core", defines, self._sources["surface.glsl"], self._sources[f"{name}.frag"])
            self._programs[name, defines] = self.context.program(
                vertex_shader=self._sources["scene.vert"], fragment_shader="\n".join(parts)
            )
        return self._programs[name, defines]

    def _targets_of(self, width: int, height: int) -> "_Targets":
        if (width, height) not in self._targets:
            self._targets[width, height] = _Targets(self.context, width, height)
        return self._targets[width, height]


def _set(program: moderngl.Program, values: dict[str, object]) -> None:
    """Set those uniforms that the program has; the compiler drops what a pass does not read."""
    for key, value in values.items():
        uniform = program.get(key, None)
        if not isinstance(uniform, moderngl.Uniform):
            continue
        if isinstance(value, np.ndarray):
            by_column = value.T if value.shape == (4, 4) else value
            uniform.write(np.ascontiguousarray(by_column, np.float32).tobytes())
        else:
            uniform.value = value


class _Targets:
    """The framebuffers of one picture size."""

    def __init__(self, context: moderngl.Context, width: int, height: int) -> None:
        size = self.size = (width, height)
        self.color = context.framebuffer(
            [context.renderbuffer(size, 4, samples=SAMPLES, dtype="f2")],
            context.depth_renderbuffer(size, samples=SAMPLES),
        )
        self.resolved = context.framebuffer([context.texture(size, 4, dtype="f2")])
        self.ids = context.framebuffer(
            [context.texture(size, 2, dtype="u1"), context.texture(size, 1, dtype="f4")],
            context.depth_renderbuffer(size),
        )

    def read(self) -> RenderOutput:
        """The pictures, top row first."""
        width, height = self.size
        shape = (height, width)
        color = np.frombuffer(self.resolved.read(components=4, dtype="f2"), np.float16).reshape(*shape, 4)[::-1]
        ids = np.frombuffer(self.ids.read(components=2, attachment=0, dtype="u1"), np.uint8).reshape(*shape, 2)[::-1]
        far = np.frombuffer(self.ids.read(components=1, attachment=1, dtype="f4"), np.float32).reshape(shape)[::-1]
        distance = np.where(far > 0, far, np.inf).astype(np.float32)
        solid = color.astype(np.float32)
        return RenderOutput(solid[..., :3], ids[..., 0].copy(), ids[..., 1].copy(), distance, solid[..., 3])
