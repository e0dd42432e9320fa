-- POST /v1/group; the names and the administrators of all requests differ.
--
-- Arguments: the API key, a number that no other load has, "ordered" or "scattered" names, and whether to count the
-- statuses of the replies.

-- `number` is the number of the thread, set by `summary.lua`.
function init(args)
   set_key(args[1])
   created, refused, other = 0, 0, 0
   math.randomseed(tonumber(args[2]) + number)
   run, last = args[2] .. "_" .. number .. "_", 0
   name = args[3] == "ordered" and ordered or scattered
   if args[4] == "true" then
      response = count
   end
end

function ordered()
   return "group_" .. run .. last
end

-- Spread over the whole index.
function scattered()
   return string.format("group_%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
end

function request()
   last = last + 1
   return with_body("POST /v1/group", '{"name":"' .. name() .. '","token":"298fbgv479bv","admin_id":' .. last .. '}')
end

function count(status)
   if status == 201 then
      created = created + 1
   elseif status == 503 then
      refused = refused + 1
   else
      other = other + 1
   end
end
