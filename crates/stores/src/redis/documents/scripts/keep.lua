-- Keeps the document for as long again. ARGV: 4 the position that the log must reach. Writes always, as a replica,
-- which may lag behind, takes no writes.

local document = read()
local refused = refusal(document)
if refused then
  return refused
elseif tonumber(ARGV[4]) > document.last then
  return LOST
end
renew(lifetime_of(document))
return DONE
