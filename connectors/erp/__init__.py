"""The ERP: corrections that go into its database."""
