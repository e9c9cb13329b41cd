"""Who predicts: the gates of a fit, the promotion policy, interventions of operators, and rollback on live scores.

May import ``evaluation``, ``registry`` and what is below. Fits are made in ``training``.
"""
