-- Precedes each script whose requests have a JSON body.

function set_key(key)
   headers = " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nGoChat-Token: "
      .. key .. "\r\nContent-Length: "
end

-- A request; `target` is the method and the path.
function with_body(target, body)
   return target .. headers .. #body .. "\r\n\r\n" .. body
end

