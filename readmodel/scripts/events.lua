-- Hashes of events, each replaced whole unless a newer outbox row wrote it.
-- KEYS: one per event.
-- ARGV: ttl seconds, then per event: outbox id, number of fields + values (0: delete), fields, values.
local ttl = ARGV[1]
local at = 2
for i = 1, #KEYS do
  local outbox = ARGV[at]
  local count = tonumber(ARGV[at + 1])
  local present = redis.call('HGET', KEYS[i], 'outbox_id')
  if not present or tonumber(present) <= tonumber(outbox) then
    if present then redis.call('DEL', KEYS[i]) end
    if count > 0 then
      redis.call('HSET', KEYS[i], unpack(ARGV, at + 2, at + 1 + count))
      redis.call('EXPIRE', KEYS[i], ttl)
    end
  end
  at = at + 2 + count
end
return 1
