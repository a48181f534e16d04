-- Keeps the document for as long again. ARGV: 3 the position that the log must reach. Writes always, as a replica,
-- which may lag behind, takes no writes.

local document = read()
local refused = refusal(document)
if refused then
  return refused
elseif tonumber(ARGV[3]) > document.last then
  return LOST
end
renew()
return DONE
