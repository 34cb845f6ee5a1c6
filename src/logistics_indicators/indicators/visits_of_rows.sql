-- The visits of services, summed by day, as cells.py sums a writer's: two programs that must agree.
CREATE TEMPORARY TABLE rows_of_visits ON COMMIT DROP AS
SELECT COALESCE(data_de_atendimento::date, data_limite) AS day, data_de_atendimento IS NULL AS open, {ids},
       COALESCE(GREATEST(data_de_atendimento::date - data_limite, 0), 0) AS days_late, count(*) AS total,
       count(*) FILTER (WHERE data_de_atendimento::date <= data_limite) AS on_time,
       COALESCE(sum(EXTRACT(epoch FROM data_limite::timestamp - data_de_atendimento)), 0)::bigint AS seconds
FROM services GROUP BY day, open, {ids}, days_late
