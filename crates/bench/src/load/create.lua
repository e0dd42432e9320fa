-- POST of a group.
--
-- Arguments: the API key, a number that no other load has, "ordered" or "scattered" names, and whether to count the
-- statuses of the replies.

function init(args)
   set_key(args[1])
   set_names(args[2], args[3])
   target = "POST " .. api.groups
   created, refused, other = 0, 0, 0
   if args[4] == "true" then
      response = count
   end
end

function request()
   return with_body(target, new_group())
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
