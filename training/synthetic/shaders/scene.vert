#version 330 core
uniform mat4 view_projection;
uniform mat4 shadow_projection;

in vec3 in_position;
in vec3 in_normal;
in vec3 in_rest;
in vec2 in_uv;
in float in_cover;
in float in_label;
in float in_tint;

out vec3 position;
out vec3 normal;
out vec3 rest;
out vec2 uv;
out float cover;
out float tint;
out vec4 in_shadow;
flat out float label;

void main() {
    position = in_position;
    normal = in_normal;
    rest = in_rest;
    uv = in_uv;
    cover = in_cover;
    tint = in_tint;
    label = in_label;
    in_shadow = shadow_projection * vec4(in_position, 1.0);
    gl_Position = view_projection * vec4(in_position, 1.0);
}
