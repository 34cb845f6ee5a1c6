-- The visits of services, summed by day, as cells.py sums a writer's: two programs that must agree. A name that is
-- unknown has id 0.
CREATE TEMPORARY TABLE rows_of_visits ON COMMIT DROP AS
SELECT day, open, COALESCE(polos.id, 0) AS polo_id, COALESCE(angels.id, 0) AS angel_id, days_late, total, seconds
FROM (
    SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, polo, angel,
           COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0) AS days_late, count(*) AS total,
           COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
    FROM services GROUP BY 1, 2, 3, 4, 5
) AS cells
LEFT JOIN polos ON polos.name = polo LEFT JOIN angels ON angels.name = angel
