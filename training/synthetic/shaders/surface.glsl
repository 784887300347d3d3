// KIND, PATTERN, FOLDS, EDGES and STRANDS are defined before this: software OpenGL runs every branch of an `if`, so
// each combination is a program of its own.
// What decides whether a fragment is there at all: shared by the colour, the id and the shadow pass.
uniform float edge_noise;   // metres: how ragged the border of a garment is
uniform float seed;

float hash3(vec3 p) {
    p = fract(p * 0.3183099 + vec3(0.71, 0.113, 0.419));
    p *= 17.0;
    return fract(p.x * p.y * p.z * (p.x + p.y + p.z));
}

float noise3(vec3 p) {
    vec3 cell = floor(p), f = p - cell;
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash3(cell), hash3(cell + vec3(1, 0, 0)), f.x),
                   mix(hash3(cell + vec3(0, 1, 0)), hash3(cell + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(hash3(cell + vec3(0, 0, 1)), hash3(cell + vec3(1, 0, 1)), f.x),
                   mix(hash3(cell + vec3(0, 1, 1)), hash3(cell + vec3(1, 1, 1)), f.x), f.y), f.z);
}

bool is_cut_away(float cover, vec3 rest, vec2 uv) {
#if EDGES
    cover += edge_noise * (noise3(rest * 90.0 + seed) - 0.5);
#endif
#if STRANDS  // hair cards, torn into strands along v
    if (noise3(vec3(uv.x * 220.0, uv.y * 3.0, seed)) < 0.22) return true;
#endif
    return cover < 0.0;
}
