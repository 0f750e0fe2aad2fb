"""Judge: folds canonical changes into a customer's state and decides, in event time, what has drifted.

`step` is the whole stage as a pure function; `settle` works off what the watermarks have passed."""
