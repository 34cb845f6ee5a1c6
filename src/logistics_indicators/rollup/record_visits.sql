-- Appends what some visits that come and go do to the rollup. $1: signs; then their ids and days.
WITH signed AS (
    SELECT * FROM unnest({visits}) AS visit (sign, {ids}, data_limite, data_de_atendimento)
), changed_visits (day, open, {keys}, {sums}) AS (
{sum_signed_visits}
), {append_changed_visits}
{tally_changed}
