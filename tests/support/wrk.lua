-- wrk -s wrk.lua URL -- KEY FILE [NAME:VALUE]: bodies of FILE, a line each, are posted in turn; of an empty one, GET.
local bodies, turn = {}, 0

function init(args)
  if args[1] ~= "" then wrk.headers["X-API-Key"] = args[1] end
  if args[3] and args[3] ~= "" then
    local name, value = args[3]:match("^([^:]+):(.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(args[2]) do bodies[#bodies + 1] = line end
  if #bodies > 0 then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
  end
end

function request()
  if #bodies == 0 then return wrk.format() end
  turn = turn % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[turn])
end

function done(summary, latency, requests)
  local errors = summary.errors
  local bad = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "bad": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, bad))
end
