-- POST of many groups in one request.
--
-- Arguments: the API key, a number that no other run has, and the number of groups in a request.

function init(args)
   set_key(args[1])
   set_names(args[2], "ordered")
   count = tonumber(args[3])
end

function request()
   local groups = {}
   for index = 1, count do
      groups[index] = new_group()
   end
   local path, body = api.bulk(groups)
   return with_body("POST " .. path, body)
end
