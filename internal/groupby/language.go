package groupby

// What keys and aggregates are, for sentences.
const (
	KeysInWords       = "a column, or year, month, day or hour of one that holds times"
	AggregatesInWords = "sum, count, min, max, avg, median, variance, stddev, first or last of a column, quantile(column, 0.95), count(distinct column) or count(*)"
)

// Language tells a person at a terminal how keys and aggregates are written.
const Language = `A column is written as:
  item_id           its name in the header line
  "odd, name"       the same in double quotes, where the name has a comma, a parenthesis or a quote;
                    a quote in it is written twice
  #2                its number, from 1

A group is made by ` + KeysInWords + `. Times are
such as 2022-01-31, 2022-01-31 23:59 or 2022-01-31T23:59:59Z; a time zone is not applied:
  year(sold_at)     2022
  month(sold_at)    2022-01
  day(sold_at)      2022-01-31
  hour(sold_at)     2022-01-31T23

An aggregate is ` + AggregatesInWords + `:
  sum(price)        exact; avg(price) is rounded once
  min(price)        and max(price): numbers by value and before texts, texts by their bytes
  median(price)     the one in the middle, or the mean of both that are; exact and rounded once
  quantile(price, 0.95)
                    what 95 % of them are below: interpolated between two of them, median(price)
                    is quantile(price, 0.5)
  variance(price)   of a sample, and its root stddev(price): exact, rounded once, and empty for a
                    single number
  first(price)      in the order of the file, as it is written there, and last(price)
  count(price)      how many cells are not empty; count(distinct price): how many different ones
  count(*)          how many rows

"as" gives the column of the result a name:
  sum(price) as turnover, day(sold_at) as "the day", avg(price)
makes the columns turnover, the day and avg_price.
`
