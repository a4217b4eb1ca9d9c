-- Hashes of events, each replaced whole unless a newer outbox row wrote it, or a later owner wrote it of
-- the same row: with other metadata, what the two derive may differ, and Cassandra keeps the later one's.
-- KEYS: one per event.
-- ARGV: ttl seconds, number of fields, their names, then per event: outbox id, generation, 1 or 0
-- (delete), and for 1 a value per field; a zero byte: the hash has no such field.
local ttl = ARGV[1]
local count = tonumber(ARGV[2])
local at = 3 + count
for i = 1, #KEYS do
  local outbox = tonumber(ARGV[at])
  local generation = tonumber(ARGV[at + 1])
  local puts = ARGV[at + 2] == '1'
  at = at + 3
  local found = redis.call('HMGET', KEYS[i], 'outbox_id', 'generation')
  local present = tonumber(found[1] or '-1')
  if present < outbox or (present == outbox and tonumber(found[2] or '-1') <= generation) then
    if found[1] then redis.call('DEL', KEYS[i]) end
    if puts then
      local hash = {}
      local n = 0
      for f = 0, count - 1 do
        local value = ARGV[at + f]
        if value ~= '\0' then
          hash[n + 1] = ARGV[3 + f]
          hash[n + 2] = value
          n = n + 2
        end
      end
      redis.call('HSET', KEYS[i], unpack(hash, 1, n))
      redis.call('EXPIRE', KEYS[i], ttl)
    end
  end
  if puts then at = at + count end
end
return 1
