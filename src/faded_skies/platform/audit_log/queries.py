"""SQL of the audit log's readers. Times leave as microseconds in text: a forger's time may fit no calendar."""

_COLUMNS = """
seq, id, trunc(extract(epoch FROM recorded_at) * 1000000)::text AS recorded_us, actor_id, action, object_type,
object_id, details::text AS details, reason, address, user_agent, request_id, chain, position, link, mac
"""

_MATCHING = """
WHERE ($1::text IS NULL OR action = $1)
  AND ($2::text IS NULL OR object_type = $2)
  AND ($3::uuid IS NULL OR object_id = $3)
  AND ($4::uuid IS NULL OR actor_id = $4)
  AND ($5::timestamptz IS NULL OR recorded_at >= $5)
  AND ($6::timestamptz IS NULL OR recorded_at < $6)
"""

NEWEST = f"SELECT {_COLUMNS} FROM audit_log {_MATCHING} ORDER BY seq DESC LIMIT $7 OFFSET $8"
COUNT = f"SELECT count(*) FROM audit_log {_MATCHING}"
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM audit_log"
EXPORT_PAGE = f"""
SELECT {_COLUMNS} FROM audit_log {_MATCHING} AND seq > $7 AND seq <= $8 ORDER BY seq LIMIT $9
"""

# Everything in one statement, so in one snapshot. The chains are found by hopping along the index.
ENDS = """
WITH RECURSIVE hop (chain) AS (
    (SELECT chain FROM audit_log WHERE chain IS NOT NULL ORDER BY chain LIMIT 1)
    UNION ALL
    SELECT (SELECT a.chain FROM audit_log a WHERE a.chain > hop.chain ORDER BY a.chain LIMIT 1)
    FROM hop WHERE hop.chain IS NOT NULL
), known AS (
    SELECT chain FROM hop WHERE chain IS NOT NULL
    UNION SELECT chain FROM audit_heads
    UNION SELECT chain FROM audit_seals
)
SELECT k.chain, h.position AS head_position, h.link AS head_link,
       (SELECT max(a.position) FROM audit_log a WHERE a.chain = k.chain) AS last_position,
       (SELECT max(s.number) FROM audit_seals s WHERE s.chain = k.chain) AS last_seal
FROM known k LEFT JOIN audit_heads h USING (chain)
ORDER BY k.chain
"""
CHAIN_PAGE = f"""
SELECT {_COLUMNS} FROM audit_log WHERE chain = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4
"""
PAGE_WITHOUT_PLACE = f"""
SELECT {_COLUMNS} FROM audit_log WHERE chain IS NULL AND seq > $1 ORDER BY seq LIMIT $2
"""
COUNT_WITHOUT_PLACE = "SELECT count(*) FROM audit_log WHERE chain IS NULL"

_SEAL = """
SELECT chain, number, position, link, trunc(extract(epoch FROM sealed_at) * 1000000)::text AS sealed_us, mac
FROM audit_seals
"""
SEALS_PAGE = f"{_SEAL} WHERE chain = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4"
SEAL_BEFORE = f"{_SEAL} WHERE chain = $1 AND position <= $2 ORDER BY number DESC LIMIT 1"
FIND_SEAL = f"{_SEAL} WHERE chain = $1 AND number = $2"
ADD_SEAL = """
INSERT INTO audit_seals (chain, number, position, link, sealed_at, mac) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (chain, number) DO NOTHING RETURNING number
"""
