"""PDF in; signed PDF, picture or report out."""
