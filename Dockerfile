# Its steps were walked by hand; the image was not built where it was written. docker build -t newspaper . && docker run -p 127.0.0.1:7860:7860 -v newspaper:/srv/data newspaper
FROM python:3.11-slim
WORKDIR /srv/newspaper
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY assistant assistant
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu --constraint constraints.txt .
COPY corpus corpus
RUN useradd --create-home newspaper && mkdir /srv/data && chown newspaper /srv/data
USER newspaper
VOLUME /srv/data
ENV ASSISTANT_INDEX=/srv/data/index ASSISTANT_FEEDBACK=/srv/data/feedback.jsonl ASSISTANT_SHARED=/srv/data/shared ASSISTANT_HOST=0.0.0.0
EXPOSE 7860
CMD ["sh", "-c", "assistant refresh --wait; exec assistant chat"]
