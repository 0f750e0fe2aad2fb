"""The topology over recorded canonical changes, without broker, connectors or clock."""
