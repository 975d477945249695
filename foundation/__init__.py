"""Services every room may use; knows no business word."""
