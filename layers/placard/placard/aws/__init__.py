"""The only package that imports boto3, pydynox or Powertools: storage, queues, secrets, time, settings, logs."""
