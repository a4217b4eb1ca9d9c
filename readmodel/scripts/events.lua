-- Hashes of events, each replaced whole unless a newer change wrote it, or a later owner wrote it of the same
-- one: with other references, what the two show may differ, and Cassandra keeps the later one's. Of changes in
-- one partition the later in its log is the newer; of two partitions' that of the higher outbox row. What another
-- generation of the read model left gives way: its log may have been another one.
-- KEYS: one per event.
-- ARGV: life (s), life of what a deleted event leaves (s), takeover, partition, space, number of fields, their
-- names, then per event: outbox id, offset, 1 or 0 (delete), and a value per field; a zero byte: the hash has no such
-- field.
local takeover = tonumber(ARGV[3])
local count = tonumber(ARGV[6])
local at = 7 + count
local prefix = ARGV[5] .. '.'

for i = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[i], 'outbox_id', 'takeover', 'partition', 'src_offset', 'run')
  local isSamePartition = found[3] == ARGV[4]
  local isOurs = string.sub(found[5] or '', 1, #prefix) == prefix
  local present = isOurs and tonumber((isSamePartition and found[4] or found[1]) or '-1') or -1
  local own = tonumber(isSamePartition and ARGV[at + 1] or ARGV[at])
  if present < own or (present == own and tonumber(found[2] or '-1') <= takeover) then
    if found[1] then redis.call('DEL', KEYS[i]) end
    local hash = {'outbox_id', ARGV[at], 'takeover', ARGV[3]}
    local n = 4
    for f = 0, count - 1 do
      local value = ARGV[at + 3 + f]
      if value ~= '\0' then
        hash[n + 1] = ARGV[7 + f]
        hash[n + 2] = value
        n = n + 2
      end
    end
    redis.call('HSET', KEYS[i], unpack(hash, 1, n))
    redis.call('EXPIRE', KEYS[i], ARGV[at + 2] == '1' and ARGV[1] or ARGV[2])
  end
  at = at + 3 + count
end
return 1
