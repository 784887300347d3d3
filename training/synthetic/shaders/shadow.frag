in vec3 rest;
in vec2 uv;
in float cover;

void main() {
    if (is_cut_away(cover, rest, uv)) discard;
}
