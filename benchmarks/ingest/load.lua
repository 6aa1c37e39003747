-- wrk's side: the next line of the file with each request; figures as one JSON line at the end.
local lines = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local signature, body = line:match("^(%S+) (.*)$")
    lines[#lines + 1] = wrk.format("POST", wrk.path, { ["Content-Type"] = "application/json", ["e2b-signature"] = signature }, body)
  end
end

function request()
  at = at % #lines + 1
  return lines[at]
end

function done(summary, latency, requests)
  io.write(string.format(
    '{"requests":%d,"bad":%d,"broken":%d,"seconds":%.3f,"p50_ms":%.2f,"p99_ms":%.2f}\n',
    summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
