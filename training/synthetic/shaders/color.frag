uniform vec3 colors[3];     // linear light
uniform float pattern_scale;    // metres
uniform float fold_height;      // metres
uniform float fold_scale;       // metres
uniform float gloss;
uniform float roughness;
uniform vec3 eye;
uniform vec3 sun_direction;     // towards the light
uniform vec3 sun_color;
uniform vec3 fill_direction;
uniform vec3 fill_color;
uniform vec3 sky_color;
uniform vec3 ground_color;
uniform sampler2DShadow shadow_map;
uniform float shadow_softness;

in vec3 position;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float cover;
in float tint;
in vec4 in_shadow;
flat in float label;

out vec4 color;

float fbm(vec3 p) {
    return 0.5 * noise3(p) + 0.25 * noise3(p * 2.1 + 7.3) + 0.125 * noise3(p * 4.3 + 3.1) + 0.0625 * noise3(p * 8.7);
}

// Bump mapping without tangents (Mikkelsen, 2010).
vec3 bumped(vec3 n, float height) {
    vec3 across = dFdx(position), along = dFdy(position);
    vec3 r1 = cross(along, n), r2 = cross(n, across);
    float det = dot(across, r1);
    vec3 gradient = sign(det) * (dFdx(height) * r1 + dFdy(height) * r2);
    return normalize(abs(det) * n - gradient);
}

vec2 flat_coordinates() {
    vec3 n = abs(normalize(cross(dFdx(rest), dFdy(rest))));
    if (n.y > n.x && n.y > n.z) return rest.xz;
    return n.x > n.z ? rest.zy : rest.xy;
}

vec3 pattern_color() {
#if PATTERN == 0    // plain
    return colors[0];
#elif PATTERN == 5  // blotches
    float a = fbm(rest / pattern_scale + seed), b = fbm(rest / pattern_scale * 1.4 + seed + 11.0);
    return a > 0.5 ? colors[1] : (b > 0.52 ? colors[2] : colors[0]);
#elif PATTERN == 8  // denim
    float weave = noise3(rest * 900.0) * 0.3 + fbm(rest * 9.0 + seed);
    return mix(colors[0], colors[1], smoothstep(0.35, 0.85, weave) * 0.7);
#elif PATTERN == 9  // emblem on the chest
    vec2 q = (rest.xy - vec2(0.0, 0.34)) / pattern_scale;
    bool on = rest.z > 0.0 && abs(q.x) < 1.0 && abs(q.y) < 0.8 && noise3(vec3(floor(q * 5.0), seed)) > 0.45;
    return on ? colors[1] : colors[0];
#else
    vec2 p = flat_coordinates() / pattern_scale;
#if PATTERN == 1    // rings
    return colors[int(step(0.5, fract(p.y)))];
#elif PATTERN == 2  // columns
    return colors[int(step(0.6, fract(p.x)))];
#elif PATTERN == 3  // checks
    float a = step(0.5, fract(p.x)), b = step(0.5, fract(p.y));
    return mix(mix(colors[0], colors[1], 0.5 * (a + b)), colors[2], step(0.93, fract(p.x + 0.2)) * 0.6);
#elif PATTERN == 4  // dots
    vec2 q = fract(p + vec2(0.5 * mod(floor(p.y), 2.0), 0.0)) - 0.5;
    return colors[int(1.0 - step(0.28, length(q)))];
#elif PATTERN == 6  // tiles
    vec2 q = fract(p);
    float line = step(0.03, q.x) * step(0.03, q.y);
    return mix(colors[1], colors[0] * (0.85 + 0.3 * hash3(vec3(floor(p), seed))), line);
#elif PATTERN == 7  // planks
    float plank = hash3(vec3(floor(p.x), 3.0, seed));
    float grain = noise3(vec3(p.x * 14.0, p.y * 0.7 + plank * 9.0, seed));
    return mix(colors[0], colors[1], 0.6 * plank + 0.4 * grain) * (0.6 + 0.4 * step(0.03, fract(p.x)));
#endif
#endif
}

float lit() {
    vec3 p = in_shadow.xyz / in_shadow.w * 0.5 + 0.5;
    if (p.z > 1.0 || any(lessThan(p.xy, vec2(0))) || any(greaterThan(p.xy, vec2(1)))) return 1.0;
    float sum = 0.0;
    float turn = 6.2832 * hash3(vec3(gl_FragCoord.xy, 1.0));
    for (int i = 0; i < 8; ++i) {
        float radius = shadow_softness * sqrt((float(i) + 0.5) / 8.0), angle = turn + 2.39996 * float(i);
        sum += texture(shadow_map, vec3(p.xy + radius * vec2(cos(angle), sin(angle)), p.z - 0.0015));
    }
    return sum / 8.0;
}

void main() {
    if (is_cut_away(cover, rest, uv)) discard;
    float shadow = lit();
#if KIND == 5  // nothing but the shadow on it
    color = vec4(0.0, 0.0, 0.0, 0.55 * (1.0 - shadow));
#else
    vec3 to_eye = normalize(eye - position);
    vec3 n = normalize(normal);
    if (KIND != 4 && dot(n, to_eye) < 0.0 && !gl_FrontFacing) n = -n;
#if FOLDS
    vec3 p = rest / fold_scale * vec3(1.0, 0.45, 1.0) + seed;
    n = bumped(n, fold_height * fbm(p + vec3(0.8 * noise3(p * 0.7))));
#endif
    vec3 base = pattern_color();
    base = mix(base, tint > 0.0 ? colors[1] : colors[2], min(abs(tint), 1.0));
#if KIND == 0  // skin
    base *= 0.94 + 0.12 * noise3(rest * 60.0 + seed);
    base = mix(base, base * vec3(1.12, 0.86, 0.84), 0.5 * noise3(rest * 14.0 + seed));
    const float wrap = 0.25;
#elif KIND == 1  // cloth
    base *= 0.88 + 0.24 * noise3(rest * 700.0);
    const float wrap = 0.08;
#elif KIND == 2  // hair
    float strand = noise3(vec3(uv.x * 260.0, uv.y * 5.0, seed)) * 0.6 + 0.4 * noise3(rest * vec3(260.0, 30.0, 260.0));
    base = mix(base * 0.45, colors[1], strand);
    const float wrap = 0.35;
#elif KIND == 4  // surroundings
    base *= 0.8 + 0.4 * fbm(rest * 1.7 + seed) + 0.12 * (noise3(rest * 60.0) - 0.5);
    const float wrap = 0.08;
#else  // smooth: leather, glass
    const float wrap = 0.08;
#endif
    float sun = max(0.0, (dot(n, sun_direction) + wrap) / (1.0 + wrap)) * shadow;
    float fill = max(0.0, (dot(n, fill_direction) + 0.3) / 1.3);
    vec3 light = sun_color * sun + fill_color * fill + mix(ground_color, sky_color, 0.5 + 0.5 * n.y);
#if KIND == 0  // red light from within, where shadow begins
    light += sun_color * shadow * vec3(0.10, 0.02, 0.01) * smoothstep(-0.3, 0.3, dot(n, sun_direction));
#endif
    float glint = pow(max(0.0, dot(n, normalize(sun_direction + to_eye))), roughness);
    float grazing = pow(1.0 - max(0.0, dot(n, to_eye)), 4.0);
#if KIND == 2  // strands shine, the gaps between them do not
    glint *= strand * strand * 1.6;
#endif
    vec3 shine = gloss * (sun_color * shadow * glint + sky_color * grazing);
    color = vec4(base * light + shine, 1.0);
#endif
}
