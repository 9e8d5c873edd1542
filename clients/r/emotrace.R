# Reads the tidy table of an Emotrace project. Base R (4.0 or later; tested with 4.2) and nothing else:
#
#   source("emotrace.R")
#   table <- emotrace_table("https://emotrace.example.org", token = "...", project = "...", unit = "marker")
#   aggregate(mean_probability_happy ~ var_condition + participant, table, mean)

# A data frame with a row for each "recording", "marker", "segment" or "window". Columns have the types of the
# codebook, so that a code such as 007 stays a text; what is not known is NA.
emotrace_table <- function(url, token, project,
                           unit = c("recording", "marker", "segment", "window"), model = "") {
  unit <- match.arg(unit)
  book <- emotrace_codebook(url, token, project)
  classes <- c(text = "character", number = "numeric", boolean = "character")[book$type]
  names(classes) <- book$column
  path <- paste0("table/?format=csv&unit=", unit, "&model=", utils::URLencode(model, reserved = TRUE))
  table <- .emotrace_csv(url, token, project, path, colClasses = classes)
  for (column in book$column[book$type == "boolean"]) table[[column]] <- as.logical(table[[column]])
  table
}

# A data frame with the column, type, unit and description of each column of the table.
emotrace_codebook <- function(url, token, project) {
  book <- .emotrace_csv(url, token, project, "codebook/", colClasses = "character")
  book[!is.na(book$column), ]
}

.emotrace_csv <- function(url, token, project, path, ...) {
  address <- paste0(sub("/+$", "", url), "/api/v1/projects/", project, "/", path)
  # read.csv closes a connection that it opens.
  connection <- base::url(address, open = "rt", headers = c(Authorization = paste("Token", token)))
  on.exit(close(connection))
  utils::read.csv(connection, check.names = FALSE, na.strings = "", encoding = "UTF-8", ...)
}
