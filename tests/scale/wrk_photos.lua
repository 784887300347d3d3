-- Sends the photos named in the arguments in turn to /parse. With IF_NONE_MATCH, the photo's
-- entity tag, the answer is known and costs no run.
local bodies, turn = {}, 0

function init(args)
  for _, name in ipairs(args) do
    local file = assert(io.open(name, "rb"))
    bodies[#bodies + 1] = file:read("*a")
    file:close()
  end
  turn = math.random(#bodies)
end

function request()
  turn = turn % #bodies + 1
  local headers = { ["Content-Type"] = "image/jpeg" }
  if os.getenv("IF_NONE_MATCH") then headers["If-None-Match"] = os.getenv("IF_NONE_MATCH") end
  return wrk.format("POST", "/parse", headers, bodies[turn])
end

function done(summary, latency)
  io.write(string.format('{"requests": %d, "seconds": %f, "errors": %d, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
    latency:percentile(99) / 1e3))
end
