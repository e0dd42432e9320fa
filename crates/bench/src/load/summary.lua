-- Precedes each script. It numbers the threads, and prints their totals as one line of JSON. If a script does
-- not count statuses, their numbers are 0.

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function done(summary, latency)
   local sum = { created = 0, refused = 0, other = 0 }
   for _, thread in ipairs(threads) do
      for name in pairs(sum) do
         sum[name] = sum[name] + (thread:get(name) or 0)
      end
   end
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,"max_us":%d,"failed":%d,"broken":%d,'
         .. '"created":%d,"refused":%d,"other":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
      latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      sum.created, sum.refused, sum.other))
end
