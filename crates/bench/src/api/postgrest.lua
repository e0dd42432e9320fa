-- The API of PostgREST, with groups in the table `groups`.

api = { groups = "/groups" }

-- The reply to a create has the group, as that of this service has.
function api.headers(key)
   return "Authorization: Bearer " .. key .. "\r\nPrefer: return=representation\r\n"
end

function api.group(id)
   return "/groups?id=eq." .. id
end

-- The path and the body of a request that creates all of the groups, or none.
function api.bulk(groups)
   return "/groups", "[" .. table.concat(groups, ",") .. "]"
end

