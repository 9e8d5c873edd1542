import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())  # nothing on standard error unless logs are wanted
