"""A face service that speaks Amazon Rekognition's protocol on one machine; it knows nothing of attendance."""
