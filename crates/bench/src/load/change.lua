-- PATCH /v1/group/{id}, at random among the groups that `prefill` stored; the values of all requests differ.
--
-- Arguments: the API key, a number that no other load has, "name" or "token", and the number of stored groups.

-- `number` is the number of the thread, set by `summary.lua`.
function init(args)
   set_key(args[1])
   math.randomseed(tonumber(args[2]) + number)
   run, last = args[2] .. "_" .. number .. "_", 0
   field, groups = args[3], tonumber(args[4])
end

function request()
   last = last + 1
   return with_body("PATCH /v1/group/" .. math.random(groups), '{"' .. field .. '":"' .. run .. last .. '"}')
end
