-- POST /v1/member; the users of all requests differ, and the groups are at random among those that `prefill` stored.
--
-- Arguments: the API key, a number that no other load has, and the number of groups.

-- `number` is the number of the thread, set by `summary.lua`. Ids of users have 19 digits, which 64 bits hold.
function init(args)
   set_key(args[1])
   math.randomseed(tonumber(args[2]) + number)
   run, last = "1" .. string.sub(args[2], -8) .. number % 10, 0
   groups = tonumber(args[3])
end

function request()
   last = last + 1
   local body = string.format(
      '{"group_id":%d,"user_id":%s%09d,"token":"298fbgv479bv"}', math.random(groups), run, last)
   return with_body("POST /v1/member", body)
end
