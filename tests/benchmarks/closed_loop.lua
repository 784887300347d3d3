-- Posts the photos round-robin, each time with another number in a JPEG comment, so that no two requests are equal.
-- They go to the URL's path and query. Arguments: the seconds at which counting starts and ends, then the photos' files.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *now);
]]
local clock = ffi.new("bench_time")
local MONOTONIC = 1

local function now()
  ffi.C.clock_gettime(MONOTONIC, clock)
  return tonumber(clock.seconds) + tonumber(clock.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  first, last = tonumber(args[1]), tonumber(args[2])
  photos, sent, counted, other = {}, 0, 0, 0
  for index = 3, #args do
    local file = assert(io.open(args[index], "rb"))
    photos[#photos + 1] = file:read("*a")
    file:close()
  end
  headers = { ["Content-Type"] = "image/jpeg" }
end

function request()
  begun = begun or now()
  sent = sent + 1
  local photo = photos[(sent - 1) % #photos + 1]
  local comment = string.format("\255\254\0\10%08d", sent)
  return wrk.format("POST", nil, headers, photo:sub(1, 2) .. comment .. photo:sub(3))
end

-- Counting begins and ends while all connections are busy: what is under way at the end stands for what was under way
-- at the beginning.
function response(status)
  local since = now() - begun
  if status ~= 200 then
    other = other + 1
  elseif since > first and since <= last then
    counted = counted + 1
  end
end

function done(summary, latency)
  local thread = threads[1]
  print(string.format(
    'RESULT {"photos_per_second": %f, "p50_ms": %f, "p99_ms": %f, "answers": %d, "failures": %d}',
    thread:get("counted") / (thread:get("last") - thread:get("first")), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.requests, thread:get("other") +
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  ))
end
