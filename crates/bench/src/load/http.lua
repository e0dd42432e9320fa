-- Makes requests with the headers of `api`, which one of the parts in `api/` defines.

function set_key(key)
   local headers = " HTTP/1.1\r\nHost: localhost\r\n" .. api.headers(key)
   end_without_body = headers .. "\r\n"
   length = headers .. "Content-Type: application/json\r\nContent-Length: "
end

function get(path)
   return "GET " .. path .. end_without_body
end

-- A request; `target` is the method and the path.
function with_body(target, body)
   return target .. length .. #body .. "\r\n\r\n" .. body
end

