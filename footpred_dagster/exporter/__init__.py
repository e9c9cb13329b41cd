"""What Prometheus reads of the pipeline: one page, made when it is asked for, without the code location."""
