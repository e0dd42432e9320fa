-- Makes new groups. The names and the administrators of all of them differ.

-- `seed` is a number that no other run has, and `number` that of the thread, set by `summary.lua`.
function set_names(seed, names)
   math.randomseed(tonumber(seed) + number)
   run, last = seed .. "_" .. number .. "_", 0
   name = names == "ordered" and ordered or scattered
end

function ordered()
   return "group_" .. run .. last
end

-- Spread over the whole index.
function scattered()
   return string.format("group_%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
end

function new_group()
   last = last + 1
   return '{"name":"' .. name() .. '","token":"298fbgv479bv","admin_id":' .. last .. '}'
end

