"""Who predicts: the gates of a fit, the promotion policy, interventions of operators, and rollback on live scores.

May import ``training``, ``evaluation``, ``registry`` and what is below.
"""
