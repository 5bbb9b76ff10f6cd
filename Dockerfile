# One image, two services: `serve` and `work`. The checkout goes in as it is; see pyproject.toml
# for why nothing is built into a wheel.
FROM python:3.13.9-slim-trixie

# Times-metric letters with every Vietnamese accent (Debian's older fonts-liberation lacks 92 of 134).
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-liberation2 fonts-croscore \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/antin --uid 10001 antin

WORKDIR /opt/antin
COPY requirements/run.lock requirements/run.lock
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY . .

USER antin
ENV PYTHONPATH=/opt/antin PYTHONUNBUFFERED=1 ANTIN_DATA=/var/lib/antin/data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "api"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
