-- The API of PocketBase, with groups in the collection `groups`. `peers/pocketbase/groups.sql` makes the same ids.

api = { groups = "/api/collections/groups/records" }

function api.headers(key)
   return "Authorization: " .. key .. "\r\n"
end

function api.group(id)
   return string.format("/api/collections/groups/records/%015d", id)
end

-- The path and the body of a request that creates all of the groups, or none.
function api.bulk(groups)
   local start = '{"method":"POST","url":"/api/collections/groups/records","body":'
   return "/api/batch", '{"requests":[' .. start .. table.concat(groups, "}," .. start) .. "}]}"
end

