create database footpred_mlflow;
