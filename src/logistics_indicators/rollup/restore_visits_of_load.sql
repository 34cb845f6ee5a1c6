-- What the visits in restored do to the sums by day, kept in changed_visits. Answers the number of visits.
{with_restored} moved AS (
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
SELECT count(*) FROM restored
