-- Hashes of events, each replaced whole unless a newer outbox row wrote it, or a later owner wrote it of
-- the same row: with other references, what the two show may differ, and Cassandra keeps the later one's.
-- KEYS: one per event.
-- ARGV: life (s), life of what a deleted event leaves (s), takeover, number of fields, their names, then per
-- event: outbox id, 1 or 0 (delete), and a value per field; a zero byte: the hash has no such field.
local takeover = tonumber(ARGV[3])
local count = tonumber(ARGV[4])
local at = 5 + count
for i = 1, #KEYS do
  local outbox = tonumber(ARGV[at])
  local found = redis.call('HMGET', KEYS[i], 'outbox_id', 'takeover')
  local present = tonumber(found[1] or '-1')
  if present < outbox or (present == outbox and tonumber(found[2] or '-1') <= takeover) then
    if found[1] then redis.call('DEL', KEYS[i]) end
    local hash = {'outbox_id', ARGV[at], 'takeover', ARGV[3]}
    local n = 4
    for f = 0, count - 1 do
      local value = ARGV[at + 2 + f]
      if value ~= '\0' then
        hash[n + 1] = ARGV[5 + f]
        hash[n + 2] = value
        n = n + 2
      end
    end
    redis.call('HSET', KEYS[i], unpack(hash, 1, n))
    redis.call('EXPIRE', KEYS[i], ARGV[at + 1] == '1' and ARGV[1] or ARGV[2])
  end
  at = at + 2 + count
end
return 1
