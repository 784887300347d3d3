"""The same model behind other servers, each as a competent user would set it up."""
