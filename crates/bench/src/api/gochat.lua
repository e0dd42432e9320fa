-- The API of this service.

api = { groups = "/v1/group" }

function api.headers(key)
   return "GoChat-Token: " .. key .. "\r\n"
end

function api.group(id)
   return "/v1/group/" .. id
end

