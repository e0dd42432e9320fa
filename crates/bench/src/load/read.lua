-- GET of a group by its id or name, of a page of groups, or of a page of the members of group 1, at random among those
-- that `prefill` stored.
--
-- Arguments: the API key, a number that no other load has, the kind of the reads, and the number of stored groups, or of
-- stored members.

local targets = {}

-- `number` is the number of the thread, set by `summary.lua`.
function init(args)
   set_key(args[1])
   math.randomseed(tonumber(args[2]) + number)
   target, stored = targets[args[3]], tonumber(args[4])
end

function targets.id()
   return api.group(math.random(stored))
end

-- The multiplication stays below 2^53, so it is exact.
function targets.name()
   local n = math.random(stored)
   return string.format("/v1/group?name=group_%08x%08x", n * 626627285 % 4294967296, n)
end

-- A full page. `after` is at least 1, because there is no id 0.
function targets.page()
   return "/v1/group?limit=100&after=" .. math.random(stored - 100)
end

-- Full pages. The ids of the members are 1 to `stored`.
function targets.first_members()
   return "/v1/group_members?id=1&limit=100&after=" .. math.random(900)
end

function targets.last_members()
   return "/v1/group_members?id=1&limit=100&after=" .. stored - 100 - math.random(0, 899)
end

function request()
   return get(target())
end
