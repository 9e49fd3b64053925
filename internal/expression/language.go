package expression

// What keys and aggregates are, for sentences.
const (
	KeysInWords       = "a column or an expression of columns"
	AggregatesInWords = "sum, count, min, max, avg, median, quantile, stddev, variance, first or last of an expression, count(distinct …) or count(*), and expressions of these"
)

// Language tells a person at a terminal how questions are written.
const Language = `A column is written as:
  item_id           its name in the header line
  "odd, name"       the same in double quotes, where the name has blanks or signs; a quote in it is written twice
  #2                its number, from 1

An expression has columns, numbers (1.5) and 'texts', and as in SQL:
  + - * / ||  = <> < <= > >=  and or not  in (…)  between … and …  like 'AB%'  is null
  case when status = 'refund' then -amount else amount end
  abs round floor ceil  lower upper trim length substr replace concat  coalesce nullif
  number(cell)      a cell as a plain number; filename(): the name of the file
Sums and products of decimals are exact; a quotient is rounded once, and by zero it is NULL. An empty cell is NULL.

Parts of a time (2022-01-31, 2022-01-31 23:59, 2022-01-31T23:59:59Z, or as --date-formats says):
  year(sold_at)     2022
  quarter(sold_at)  2022-Q1
  month(sold_at)    2022-01
  week(sold_at)     2022-W05, the week of ISO 8601
  day(sold_at)      2022-01-31, as date(sold_at)
  hour(sold_at)     2022-01-31T23
  weekday(sold_at)  1, a Monday, to 7

An aggregate is of all rows of a group, and passes over NULL:
  sum(price * quantity)             exact; avg(price) is rounded once
  min(price), max(price)            numbers by value and before texts, texts by their bytes
  count(*), count(price)            rows, and cells that are not empty; count(distinct price): different ones
  median(price), quantile(price, 0.95), stddev(price), variance(price)
  first(price), last(price)         in the file's order
  count(*) filter (where price > 10)
Aggregates may be parts of expressions: sum(clicks) / sum(views) as rate.

"as" gives the column of the result a name: sum(price) as turnover, day(sold_at) as "the day".
`
