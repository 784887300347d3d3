uniform int person;
uniform int fixed_label;    // -1: the vertices' own
uniform vec3 eye;

in vec3 position;
in vec3 rest;
in vec2 uv;
in float cover;
flat in float label;

layout(location = 0) out uvec2 ids;
layout(location = 1) out float distance_to_eye;

void main() {
    if (is_cut_away(cover, rest, uv)) discard;
    ids = uvec2(fixed_label < 0 ? uint(label + 0.5) : uint(fixed_label), uint(person));
    distance_to_eye = length(position - eye);
}
