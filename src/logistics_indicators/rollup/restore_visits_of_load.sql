-- Gives the visits that load $1 was the last to change their values before it again, and keeps in changed_visits what
-- that does to the sums by day. Answers their number, and how many others the load had updated.
WITH restored ({ids}, data_limite, data_de_atendimento, {ids_now}, limit_now, done_now) AS (
    UPDATE services AS s
    SET id_cliente = b.id_cliente, ({ids}) = ({ids_of_b}), data_limite = b.data_limite,
        data_de_atendimento = b.data_de_atendimento, updated_by_load = b.updated_by_load
    FROM services_before AS b JOIN services AS now ON now.id = b.id
    WHERE b.load_id = $1 AND s.id = b.id AND s.updated_by_load = $1
    RETURNING {ids_of_b}, b.data_limite, b.data_de_atendimento, {ids_of_now}, now.data_limite, now.data_de_atendimento
), moved AS (
    SELECT * FROM restored
    WHERE ({ids}, data_limite, data_de_atendimento) IS DISTINCT FROM ({ids_now}, limit_now, done_now)
), signed (sign, {ids}, data_limite, data_de_atendimento) AS (
    SELECT 1, {ids}, data_limite, data_de_atendimento FROM moved
    UNION ALL
    SELECT -1, {ids_now}, limit_now, done_now FROM moved
), summed AS (
    INSERT INTO changed_visits (day, open, {keys}, {sums})
{sum_signed_visits}
)
SELECT count(*) AS restored, (SELECT count(*) FROM services_before WHERE load_id = $1) - count(*) AS kept FROM restored
