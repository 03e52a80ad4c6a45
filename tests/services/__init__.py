"""What the tests run against: real servers, started and stopped here."""
